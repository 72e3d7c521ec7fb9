"""What a scenario stands on: processes that cannot outlive the test, the gateway, origins, clients, load."""
