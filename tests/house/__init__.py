"""The house rules as tests: style, types, layers, purity, what may be committed, documents that hold."""
