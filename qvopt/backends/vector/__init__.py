"""Own engine over all amplitudes: any circuit, any mapping, exact or with shots."""
