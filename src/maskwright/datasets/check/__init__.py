"""Defects of a dataset, ours or others': found row by row, then over all rows; repaired into a new place.

records (datasets.opened)   -> one by one (rows): files, masks, the change where there is an original
what was seen of all rows   -> copies, leaks, exchanged sides; the folder itself -> pairing
"""
