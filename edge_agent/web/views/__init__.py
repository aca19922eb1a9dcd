"""What the box answers, by name: the document's schemas, and what tests hold every answer to.

Quantities and money are decimal text, times RFC 3339. Fields only grow. What is on record of a product is null
to somebody who counts it blind (veil.py), so no figure can be promised to everybody.
"""
