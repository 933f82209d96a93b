"""What a head reads of a feature map, by name: how strong it is, how much it varies over the patch, and the like.

A statistic is a layer from feature maps (batch, rows, columns, channels) to the same shape whose mean over the
positions is the statistic; so a head that is linear in it has an exact map of evidence. To add one, write a module here
with a class of a layer under `@STATISTICS.register("name")`.
"""

from keras import layers

from lobule_ml.registry import Registry

STATISTICS: Registry[type[layers.Layer]] = Registry("statistic", __name__)
