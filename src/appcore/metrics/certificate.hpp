// When the certificate expires with which nginx speaks TLS. appcorectl has checked it, and writes
// that into a file of the pool's folder, which `appcorectl renew` replaces while programs run
// (CERTIFICATE_END in deploy/ctl/pool.py).
#pragma once

#include <optional>
#include <string>

namespace appcore::metrics {

inline constexpr const char* kCertificateEndFile = "certificate-not-after";

// Seconds since the epoch, which the file has as decimal digits. Nothing if there is no such file,
// as without TLS, or if it says anything else.
[[nodiscard]] std::optional<double> read_certificate_end(const std::string& path);

}  // namespace appcore::metrics
