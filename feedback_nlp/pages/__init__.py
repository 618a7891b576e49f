"""The pages of the app: one file a page, and the few modules that they share.

Pages: ``overview``, ``themes``, ``theme``, ``compare``, ``drivers``, ``watch``, ``actions``, ``review``, ``changes``,
``add``, ``about``. Shared: ``shell`` (frame, errors, empty states), ``data`` (what the database holds, cached),
``filters`` (sidebar and URL), ``wording`` (numbers in words), ``tables`` (columns and their help), ``marks`` (what sets
a theme apart), ``quotes`` (customers' words as safe HTML), ``acting`` (carrying out an edit). Of the theme's page:
``rename``, ``editing``, ``reading``, ``correcting``; of the changes: ``versions``; of the drivers: ``driver_tables``;
of watch: ``emerging``; of the actions: ``call_list``.
"""
