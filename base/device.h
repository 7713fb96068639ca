/* Spar: functions that GPUs run as well as hosts (cuda/): the same source, so
 * that both compute the same bits. */
#ifndef SPAR_BASE_DEVICE_H
#define SPAR_BASE_DEVICE_H

#ifdef __CUDACC__
#define SPAR_INLINE static inline __host__ __device__
#else
#define SPAR_INLINE static inline
#endif

#endif
