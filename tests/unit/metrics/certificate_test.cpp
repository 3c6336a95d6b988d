#include "appcore/metrics/certificate.hpp"

#include <unistd.h>

#include <fstream>
#include <string>

#include "catch.hpp"

using appcore::metrics::read_certificate_end;

TEST_CASE("the end of the certificate is the number in the file, and nothing else is one") {
    const std::string path = "/tmp/appcore-certificate-test-" + std::to_string(getpid());
    const auto read = [&path](const char* text) {
        std::ofstream(path) << text;
        return read_certificate_end(path);
    };
    CHECK(read("1797436825\n") == 1797436825.0);
    CHECK(read("1797436825") == 1797436825.0);
    for (const char* const text : {"", "\n", "soon\n", "17x\n", "99999999999999999999\n"}) {
        CAPTURE(text);
        CHECK_FALSE(read(text));
    }
    unlink(path.c_str());
    CHECK_FALSE(read_certificate_end(path));
}
