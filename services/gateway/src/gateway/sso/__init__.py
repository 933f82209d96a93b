"""Single sign-on by OpenID Connect: the hospital's provider says who somebody is and which role they have."""
