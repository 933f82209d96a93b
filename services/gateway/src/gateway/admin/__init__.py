"""What an administrator sees of the work: queues, and jobs that did not end well."""
