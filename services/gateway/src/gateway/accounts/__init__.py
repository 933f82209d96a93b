"""Creating and changing users, their passwords and rights: API, rules, commands."""
