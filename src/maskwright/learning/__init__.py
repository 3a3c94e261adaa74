"""Networks are trained here, on pairs that synthesis makes; the only room that imports torch."""
