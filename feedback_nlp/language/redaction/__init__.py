"""Personal data: found by pattern, checksum, number plan and a name finder, and replaced by placeholders."""
