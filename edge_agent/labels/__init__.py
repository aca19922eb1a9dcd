"""Labels drawn: from the one description to dots, and from those to a picture, a PDF or ZPL.

A program of its own (`python -m edge_agent.labels`): fonts and drawing libraries take tens of
megabytes that a store box does not have for them all day. It knows neither database nor
printers, and its output depends on nothing but what it is handed and the fonts.
"""
