// The metrics as a file for node-exporter's textfile collector.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "appcore/result.hpp"

namespace appcore::metrics {

inline constexpr std::string_view kTextfileName = "appcore.prom";

// Publishes one text after the other in the same file. A reader sees a whole text, never a part:
// each is written aside, under a name that the collector does not read, and renamed.
class Textfile {
  public:
    // An existing directory.
    explicit Textfile(std::string directory);

    // Makes `text` (format 0.0.4) the file's content and now its time of change. Where the content
    // is the same as last time, only the time is set. On failure the old file stays. Call it once a
    // second or more often, so that the file is never older.
    Status publish(std::string_view text);

  private:
    [[nodiscard]] bool touch(int directory) const;
    Status replace(int directory, std::string_view text);

    std::string directory_;
    std::string published_;
    std::uint64_t inode_ = 0;  // of what was published
    bool is_clean_ = false;    // what a killed predecessor left was removed
};

}  // namespace appcore::metrics
