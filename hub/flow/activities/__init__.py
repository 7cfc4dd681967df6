"""Activities with friends: made, asked about, answered, changed and cancelled, by iTIP.

Each step changes what is kept and writes the messages down in the same transaction. What a message
comes to is decided in ``hub.domain.itip``, what a member may do in ``hub.domain.hosting``.

``organize`` is what members do with activities of their own, ``attend`` what they do with those of
friends, ``receive`` what friends send. All three keep (``keep``), write (``write``) and ask or tell
(``ask``) in the same way; what else hangs on an activity follows by ``hooks``.
"""
