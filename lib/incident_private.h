/* incident_private.h - what the files of the incident module share; nobody else includes it. */
#ifndef INCIDENT_PRIVATE_H
#define INCIDENT_PRIVATE_H

#include "base.h"
#include "incident.h"

/* Fills components and n_components from the rows.  1 or -1. */
int incident_load_components(struct db *db, struct arena *a, struct incident *i);

#endif
