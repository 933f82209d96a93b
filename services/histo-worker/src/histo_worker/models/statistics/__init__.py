"""Statistics that a head computes from a feature map, by name, such as its mean or its variation over the patch.

A statistic is a layer from feature maps (batch, rows, columns, channels) to the same shape whose mean over the
positions is the statistic, so that a linear head has an exact evidence map. To add one, write a module here with a
layer class under `@STATISTICS.register("name")`.
"""

from keras import layers

from lobule_ml.registry import Registry

STATISTICS: Registry[type[layers.Layer]] = Registry("statistic", __name__)
