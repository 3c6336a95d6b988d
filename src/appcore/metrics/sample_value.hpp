// How numbers stand in an exposition.
#pragma once

#include <string>

namespace appcore::metrics {

// Appends a sample's value: as Python prints a float, but with Go's exponent from a million on
// ("1.0", "0.005", "1e+06", "+Inf", "NaN").
void append_sample_value(std::string& out, double value);

}  // namespace appcore::metrics
