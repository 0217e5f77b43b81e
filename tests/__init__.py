"""Tests of target-apptivo."""
