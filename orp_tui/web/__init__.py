"""The dashboard in a browser: each tab is one `orp-tui` behind textual-serve's page, reached with a token.

Every request is judged by `gate` before anything else happens; textual-serve itself asks nobody
anything. Needs the extra `web`; only `gate`, `messages` and `address` can be imported without it.
"""
