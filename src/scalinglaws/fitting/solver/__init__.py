"""The batched solver: one call minimises a summed objective for many problems at once.

What is minimised (``problem``), one second-order step (``newton_step``), the damped Newton descent
(``damped_newton``), those of many fits in one (``plan``), and through wider objectives
(``minimise``). On these rest: many starts (``merge_starts``), thousands of refits near one point
(``refit``) on what these share (``expansion``), least squares from a user's start
(``trust_region``), and least absolute deviations: onto the vertex (``lad_vertex``), and down to a
proven one (``lad_programs``).
"""
