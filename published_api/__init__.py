"""What both programs publish of their HTTP APIs: parts of an OpenAPI document, words, and the pages to read it.

Must not know either program. Pure but for `pages.py` and the installed version.
"""
