// As tests/precompiled.hpp, for the unit tests.
#include "../precompiled.hpp"
#include "catch.hpp"
