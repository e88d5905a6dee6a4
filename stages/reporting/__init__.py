"""The report: tables, pictures and the page that shows them."""
