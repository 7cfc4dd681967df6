"""Eating together: from a notice, a rule or a member's wish to the table, and back again.

What happens next is decided in ``hub.domain.mealsteps``; here it is kept and done, in the same
transaction. ``propose`` asks who has time and which tables there are, and puts times and places
before the members; ``decide`` takes their answers; ``carry`` does what is to be done; ``follow``
hears of guests' answers, of the table, of the notice behind it and of the clock. ``hold`` keeps
groceries back meanwhile.

The invitation is an activity (``hub.flow.activities``), the table a wish (``hub.flow.wishes``):
both tell what becomes of them in a step of its own, so each of these can be taken twice.
"""
