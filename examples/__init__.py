"""Sample blueprints that this repository draws itself, with the rooms they are known to hold."""
