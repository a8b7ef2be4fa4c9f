"""The whole system on one machine, against moto's server."""
