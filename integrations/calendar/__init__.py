"""Calendars of others: iCalendar read and written, invitations by e-mail, feeds and CalDAV.

Everything is imported by its module, so that icalendar is loaded when a calendar is used first.
"""
