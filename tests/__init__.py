"""Backstock's proof: unit, contract, integration, simulation, system, golden, house, benchmarks."""
