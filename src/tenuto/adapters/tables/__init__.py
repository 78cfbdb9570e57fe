"""What stores in SQL databases share: the queue in front of the writer, live readers, and all
tables beside the log. May import core and ports; knows no driver.

Its SQL is what SQLite takes, of which `postgres.connection.translated` makes PostgreSQL's.
"""
