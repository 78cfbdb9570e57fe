"""Databases that are moved from and to, one module or folder for each system; third-party drivers
are loaded when a database of their system is opened, and come with the extra `migration`."""
