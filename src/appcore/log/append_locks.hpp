// The locks with which the processes that append to one log agree who may shorten it.
//
// They are locks of an open file (fcntl(2), F_OFD_SETLK) on two bytes, which need not exist, and
// die with the process. Where a file system has none, nobody has a turn, and nobody shortens the
// file.
#pragma once

#include <sys/types.h>

namespace appcore::log {

inline constexpr off_t kTurn = 0;  // has who appends, alone
inline constexpr off_t kOutOfTurn =
    1;  // share those who append without, or has who shortens, alone

// Takes or gives back (F_RDLCK, F_WRLCK, F_UNLCK) the lock of a byte, without waiting. On failure
// errno says why: EAGAIN or EACCES if somebody else has it.
bool set_lock(int fd, off_t byte, short type);

// For a moment, so that others can go on.
void pause_briefly();

// Keeps other processes from appending between a look at the file's end and what follows from it.
// One that is stopped while it holds the lock is waited for only once, and then others append out
// of turn: a line may be appended to a part of one then.
class Turn {
  public:
    // Waits for it. `is_stuck`: whether the last turn did not come; becomes whether this one does
    // not.
    Turn(int fd, bool& is_stuck);
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn();

    [[nodiscard]] bool is_held() const { return is_held_; }

  private:
    int fd_;
    bool is_held_ = false;
};

// Keeps apart who appends out of turn, each with F_RDLCK, and who has the turn and shortens the
// file, with F_WRLCK: the end that is cut off may be the beginning of what is just being appended.
// Nobody waits for it. The descriptor is one for reading or for writing, accordingly.
class Apart {
  public:
    Apart(int fd, short type);
    Apart(const Apart&) = delete;
    Apart& operator=(const Apart&) = delete;
    ~Apart();

    [[nodiscard]] bool is_held() const { return is_held_; }
    // Whether somebody has it in the other way.
    [[nodiscard]] bool is_refused() const { return is_refused_; }

  private:
    int fd_;
    bool is_held_;
    bool is_refused_;
};

}  // namespace appcore::log
