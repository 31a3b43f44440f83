"""The dashboard: screens and widgets of Textual over the services; no I/O of its own."""
