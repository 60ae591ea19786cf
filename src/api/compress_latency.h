/* How long a model file takes for one answer, as the road side runs it. */
#ifndef BCUE_API_COMPRESS_LATENCY_H
#define BCUE_API_COMPRESS_LATENCY_H

#include "beamcue/status.h"
#include "compress/answer_times.h"
#include "learn/compress_config.h"

/* `cookie`: a bcue_compress_config. One more round into *times: the network's time for the next window of a
   stream (one new frame of each modality, what was made of the older ones is kept) and for a window of new
   frames, without decoding files and making features. */
bcue_status bcue_compress_latency(void *cookie, const char *model_path, bcue_answer_times *times,
                                  bcue_error *error);

#endif
