"""One room per workbook: from plain numbers to a Result, with its labels, claims and recommendations."""
