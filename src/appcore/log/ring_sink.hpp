// Where spdlog's lines go: into a ring.
#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "appcore/log/ring.hpp"

namespace appcore::log {

// Appends every formatted message to the ring, and publishes none. A line that finds no room is
// dropped and counted.
class RingSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  public:
    explicit RingSink(std::shared_ptr<Ring> ring) : ring_(std::move(ring)) {
        line_.reserve(kLineCapacity);
    }

    [[nodiscard]] Ring& ring() const { return *ring_; }
    void use(std::shared_ptr<Ring> ring) { ring_ = std::move(ring); }
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        line_.clear();
        formatter_->format(message, line_);
        if (!ring_->append({line_.data(), line_.size()})) ++dropped_;
    }
    void flush_() override {}

  private:
    static constexpr std::size_t kLineCapacity = 4096;  // as long as any line may be

    std::shared_ptr<Ring> ring_;
    spdlog::memory_buf_t line_;  // the one at hand; its memory serves all lines
    std::uint64_t dropped_ = 0;
};

}  // namespace appcore::log
