"""`python -m gateway`: migrate the database, then serve."""

from lobule.starting import without_collection

if __name__ == "__main__":
    with without_collection():
        import typer

        from gateway.serving import main
    typer.run(main)
