/*
 * Spar: where its parts lie. All is found relative to the running program
 * (/proc/self/exe), so a build tree, an installed tree and a tree that was
 * moved work alike; the directories given to CMake come second.
 */
#ifndef SPAR_TOOLS_PATH_H
#define SPAR_TOOLS_PATH_H

/* Absolute path of libspar.so, or NULL when there is none. The caller frees
   it. */
char *spar_path_library(void);
/* Absolute path of a file of libexec/spar, or NULL. The caller frees it. */
char *spar_path_helper(const char *name);

#endif
