"""The pages of the app: one file a page, and the few modules that they share.

Pages: ``overview``, ``themes``, ``theme``, ``compare``, ``add``, ``about``. Shared: ``shell`` (frame, errors, empty
states), ``data`` (what the database holds, cached), ``filters`` (sidebar and URL), ``wording`` (numbers in words),
``tables`` (columns and their help), ``quotes`` (customers' words as safe HTML).
"""
