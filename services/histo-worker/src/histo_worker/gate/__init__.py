"""The input gate: refuses what is not a field stained with haematoxylin and eosin."""
