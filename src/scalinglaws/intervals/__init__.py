"""How far to trust a fit: resampling, profiles, covariances, and the coverage measured for them."""
