// What the files that call libraries share.
#ifndef EVENKEEL_LIBRARIES_H
#define EVENKEEL_LIBRARIES_H

// Keeps the libraries to one thread per call on the calling thread: work is shared out here, and
// two pools of threads on one machine wait for each other.
void ek_keep_libraries_to_one_thread(void);

#endif
