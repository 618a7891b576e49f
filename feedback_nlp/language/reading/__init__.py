"""Files of feedback: tables in batches, what their columns are, and one raw feedback for every answer."""
