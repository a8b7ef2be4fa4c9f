"""Figures and pages from series: matplotlib, Jinja."""
