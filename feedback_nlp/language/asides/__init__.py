"""What in a ticket, e-mail or chat the customer does not say."""
