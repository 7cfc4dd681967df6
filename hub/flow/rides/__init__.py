"""Getting there: a ride to an activity elsewhere, and home again; it follows its activity.

What a ride is and what becomes of it is decided in ``hub.domain.rides``; it is found, ordered and
given back on the road of a wish (``hub.flow.wishes``). Who goes and needs a ride has one proposed
when they say yes, once for each time and place; the way home once there is a ride there
(``propose``). Whatever happens to the activity or the ride (``news``), ``follow.follow_up`` brings
the two together again: it looks at how they stand, so that it may be called twice, late, or after
a kill.
"""
