/* desk_table.h - every address of the admin pages: one line each, and nothing that is not here is
 * answered.
 *
 *	DESK(name, program, method, path below the program, who may, handler)
 *
 * "*" stands for an id of 12 characters; the second one is of a part.  Who may: ANYONE, or the least role, VIEWER < EDITOR <
 * OWNER.  A POST route's name is also the action its csrf token is made for.  Included several
 * times by design, so it has no include guard; the tests read it too. */

/* ---- desk_sign.c */
DESK(START, ADMIN_SETTINGS, GET, "", ANYONE, desk_show_start)
DESK(SIGN_IN_FORM, ADMIN_SETTINGS, GET, "/sign-in", ANYONE, desk_show_sign_in)
DESK(SIGN_IN, ADMIN_SETTINGS, POST, "/sign-in", ANYONE, desk_sign_in)
DESK(SIGN_OUT, ADMIN_SETTINGS, POST, "/sign-out", VIEWER, desk_sign_out)

/* ---- desk_overview.c, desk_incident.c, desk_incident_page.c, desk_delivery.c, desk_preview.c */
DESK(OVERVIEW, INCIDENT_POST, GET, "", VIEWER, desk_show_overview)
DESK(INCIDENT_FORM, INCIDENT_POST, GET, "/new", EDITOR, desk_show_new_incident)
DESK(INCIDENT_ADD, INCIDENT_POST, POST, "", EDITOR, desk_add_incident)
DESK(INCIDENT, INCIDENT_POST, GET, "/*", VIEWER, desk_show_incident)
DESK(INCIDENT_UPDATE, INCIDENT_POST, POST, "/*", EDITOR, desk_update_incident)
DESK(INCIDENT_RESOLVE, INCIDENT_POST, POST, "/*/resolve", EDITOR, desk_resolve_incident)
DESK(INCIDENT_EDIT, INCIDENT_POST, POST, "/*/edit", EDITOR, desk_edit_incident)
DESK(INCIDENT_DELETE_FORM, INCIDENT_POST, GET, "/*/delete", EDITOR, desk_ask_delete_incident)
DESK(INCIDENT_DELETE, INCIDENT_POST, POST, "/*/delete", EDITOR, desk_delete_incident)
DESK(NOTIFICATION_STOP, INCIDENT_POST, POST, "/*/stop", EDITOR, desk_stop_notification)
DESK(NOTIFICATION_RETRY, INCIDENT_POST, POST, "/*/retry", EDITOR, desk_retry_notification)
DESK(DELIVERY, INCIDENT_POST, GET, "/*/delivery", VIEWER, desk_show_delivery)
DESK(PREVIEW, INCIDENT_POST, POST, "/preview", EDITOR, desk_preview_incident)

/* ---- desk_update.c: what an update said, of an incident or a maintenance */
DESK(UPDATE_FORM, INCIDENT_POST, GET, "/*/updates/*", EDITOR, desk_show_update)
DESK(UPDATE_SAVE, INCIDENT_POST, POST, "/*/updates/*", EDITOR, desk_save_update)

/* ---- desk_maintenance.c, desk_maintenance_page.c */
DESK(MAINTENANCES, INCIDENT_POST, GET, "/maintenance", VIEWER, desk_show_maintenances)
DESK(MAINTENANCE_FORM, INCIDENT_POST, GET, "/maintenance/new", EDITOR, desk_show_new_maintenance)
DESK(MAINTENANCE_ADD, INCIDENT_POST, POST, "/maintenance", EDITOR, desk_add_maintenance)
DESK(MAINTENANCE, INCIDENT_POST, GET, "/maintenance/*", VIEWER, desk_show_maintenance)
DESK(MAINTENANCE_UPDATE, INCIDENT_POST, POST, "/maintenance/*", EDITOR, desk_update_maintenance)
DESK(MAINTENANCE_START, INCIDENT_POST, POST, "/maintenance/*/start", EDITOR, desk_start_maintenance)
DESK(MAINTENANCE_COMPLETE, INCIDENT_POST, POST, "/maintenance/*/complete", EDITOR,
    desk_complete_maintenance)
DESK(MAINTENANCE_CANCEL, INCIDENT_POST, POST, "/maintenance/*/cancel", EDITOR,
    desk_cancel_maintenance)
DESK(MAINTENANCE_MOVE, INCIDENT_POST, POST, "/maintenance/*/move", EDITOR, desk_move_maintenance)
DESK(MAINTENANCE_EDIT, INCIDENT_POST, POST, "/maintenance/*/edit", EDITOR, desk_edit_maintenance)
DESK(MAINTENANCE_DELETE_FORM, INCIDENT_POST, GET, "/maintenance/*/delete", EDITOR,
    desk_ask_delete_incident)
DESK(MAINTENANCE_DELETE, INCIDENT_POST, POST, "/maintenance/*/delete", EDITOR, desk_delete_incident)

/* ---- desk_components.c, desk_component.c */
DESK(COMPONENTS, ADMIN_SETTINGS, GET, "/components", VIEWER, desk_show_components)
DESK(COMPONENT_FORM, ADMIN_SETTINGS, GET, "/components/new", OWNER, desk_show_new_component)
DESK(GROUP_FORM, ADMIN_SETTINGS, GET, "/components/new-group", OWNER, desk_show_new_group)
DESK(COMPONENT_ADD, ADMIN_SETTINGS, POST, "/components", OWNER, desk_add_component)
DESK(COMPONENT, ADMIN_SETTINGS, GET, "/components/*", VIEWER, desk_show_component)
DESK(COMPONENT_SAVE, ADMIN_SETTINGS, POST, "/components/*", OWNER, desk_save_component)
DESK(COMPONENT_STATUS, ADMIN_SETTINGS, POST, "/components/*/status", EDITOR,
    desk_set_component_status)
DESK(COMPONENT_MOVE, ADMIN_SETTINGS, POST, "/components/*/move", OWNER, desk_move_component)
DESK(COMPONENT_DELETE_FORM, ADMIN_SETTINGS, GET, "/components/*/delete", OWNER,
    desk_ask_delete_component)
DESK(COMPONENT_DELETE, ADMIN_SETTINGS, POST, "/components/*/delete", OWNER, desk_delete_component)

/* ---- desk_settings.c, desk_notifications.c, desk_account.c */
DESK(SETTINGS, ADMIN_SETTINGS, GET, "/settings", VIEWER, desk_show_settings)
DESK(NOTIFICATIONS, ADMIN_SETTINGS, GET, "/settings/notifications", VIEWER, desk_show_notifications)
DESK(NOTIFICATIONS_SAVE, ADMIN_SETTINGS, POST, "/settings/notifications", OWNER,
    desk_save_notifications)
DESK(SITE, ADMIN_SETTINGS, GET, "/settings/page", VIEWER, desk_show_site)
DESK(SITE_SAVE, ADMIN_SETTINGS, POST, "/settings/page", OWNER, desk_save_site)
DESK(ACCOUNT, ADMIN_SETTINGS, GET, "/settings/account", VIEWER, desk_show_account)
DESK(PASSWORD_SAVE, ADMIN_SETTINGS, POST, "/settings/account", VIEWER, desk_save_password)
