"""Adapts the classifier's probabilities to a laboratory, from fields of it that nobody has labelled.

On other dyes than those of the training, the log odds of all fields shift alike, more or less. `shift` estimates by how
much, `measure` does so for fields, and `site` is the file with the result. How it was evaluated:
docs/results/tissue-tried.md, "Adapting the classifier of fields to a laboratory".
"""
