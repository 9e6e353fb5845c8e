"""Fits the weights of matching on labelled data. Run by hand when features or labels change; its results are seeds."""
