"""The input gate, which refuses pictures that are not fields stained with haematoxylin and eosin."""
