"""A small legacy database in which much is not what it is declared as."""

import sqlite3

FORMS = ("2021-03-{:02}", "{:02}.03.2021", "2021/03/{:02}", "{} Mar 2021", "Mar {}, 2021")


def ugly(rows: int = 60) -> sqlite3.Connection:
    """Return it, in memory."""
    connection = sqlite3.connect(":memory:")
    connection.executescript("""
        CREATE TABLE customer (
          id INTEGER PRIMARY KEY, name VARCHAR(20), email VARCHAR(50), newsletter CHAR(1),
          active TINYINT(1), birth_date TEXT, balance TEXT, settings TEXT, guid TEXT,
          country CHAR(2), status TEXT, phone TEXT, joined INTEGER, credit REAL, plz TEXT);
        CREATE TABLE orders (
          nr INTEGER PRIMARY KEY, customer_id INT REFERENCES customer(id), ordered DATETIME,
          shipped TEXT, total DECIMAL(10,2), note TEXT, pieces TEXT);
    """)
    for n in range(1, rows + 1):
        connection.execute(
            f"INSERT INTO customer VALUES ({', '.join('?' * 15)})",
            (
                n,
                f"Ann Lee{n}" if n != 7 else "x" * 44,
                f"ann{n}@example.org",
                "YN"[n % 2],
                n % 2,
                FORMS[n % 5].format(n % 28 + 1),
                f"1.{n:03},50" if n % 2 else f"{n},25",
                f'{{"n": {n}}}',
                f"123e4567-e89b-12d3-a456-4266141{n:05}",
                ("DE", "FR", "ES")[n % 3],
                ("new", "paid", "sent")[n % 3],
                f"+49 30 {100000 + n}",
                1_600_000_000 + n * 86_400,
                n * 1.25,
                f"0{1000 + n}",
            ),
        )
        connection.execute(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, CAST(? AS TEXT), ?)",
            (
                n,
                n if n != 9 else 999,
                f"2021-03-{n % 28 + 1:02} 10:00:00",
                "0000-00-00" if n == 5 else f"{n % 12 + 1:02}/{n % 28 + 1:02}/2021",
                n * 1.5,
                b"M\xfcller" if n == 3 else "fine",
                str(n),
            ),
        )
    connection.commit()
    return connection
