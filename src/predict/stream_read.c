/* Streams: a frame's bytes to what the models take of it. */
#include <math.h>

#include "base/fail.h"
#include "predict/frame_judge.h"
#include "predict/stream_parts.h"

/* The compressed model's session where it has a recipe of its own for what was just read; else NULL. */
static const bcue_session *reads_too(const bcue_session *session, bcue_sensor sensor)
{
    return session->stream->sensors[sensor].other != NULL ? session->stream->compressed : NULL;
}

static bcue_status decode_picture(const bcue_session *session, const void *data, size_t size,
                                  bcue_image *image, bcue_error *error)
{
    const bool png = size > 4 && ((const uint8_t *)data)[0] == 0x89;
    const int channels = (int)session->model->file.inputs.channels;
    return (png ? bcue_png_decode : bcue_jpeg_decode)(data, size, "camera frame", channels, image, error);
}

static bcue_status read_picture(const bcue_session *session, const void *data, size_t size,
                                bcue_kept_frame *place, bcue_verdict *verdict, bcue_error *error)
{
    bcue_image image;
    const bcue_session *other = reads_too(session, BCUE_SENSOR_CAMERA);
    BCUE_TRY(decode_picture(session, data, size, &image, error));
    *verdict = bcue_judge_picture(&image);
    bcue_status status = BCUE_OK;
    if (*verdict == BCUE_FRAME_GOOD)
        status = bcue_camera_features(&image, &session->model->features.camera, place->features, error);
    if (status == BCUE_OK && *verdict == BCUE_FRAME_GOOD && other != NULL) {
        if (other->model->file.inputs.channels != image.channels) { /* one sees colours */
            bcue_image_free(&image);
            BCUE_TRY(decode_picture(other, data, size, &image, error));
        }
        status = bcue_camera_features(&image, &other->model->features.camera, place->other, error);
    }
    bcue_image_free(&image);
    return status;
}

static bcue_status read_cloud(const bcue_session *session, const void *data, size_t size,
                              bcue_kept_frame *place, bcue_verdict *verdict, bcue_error *error)
{
    bcue_ply cloud;
    size_t finite = 0;
    const bcue_session *other = reads_too(session, BCUE_SENSOR_LIDAR);
    const int32_t scenario = session->stream->scenario;
    BCUE_TRY(bcue_ply_decode(data, size, "LiDAR frame", &cloud, error));
    for (size_t i = 0; finite == 0 && i < cloud.count; i++)
        finite += isfinite(cloud.points[3 * i]) && isfinite(cloud.points[3 * i + 1]);
    *verdict = finite > 0 ? BCUE_FRAME_GOOD : BCUE_FRAME_EMPTY;
    if (finite > 0)
        bcue_lidar_features(&cloud, &session->model->features.lidar, session->background, scenario, NULL,
                            place->features);
    if (finite > 0 && other != NULL)
        bcue_lidar_features(&cloud, &other->model->features.lidar, other->background, scenario, NULL,
                            place->other);
    bcue_ply_free(&cloud);
    return BCUE_OK;
}

static bcue_status read_radar(const bcue_session *session, const void *data, size_t size,
                              bcue_kept_frame *place, bcue_verdict *verdict, bcue_error *error)
{
    const bcue_session *other = reads_too(session, BCUE_SENSOR_RADAR);
    *verdict = BCUE_FRAME_EMPTY;
    if (bcue_npy_only_zeros(data, size))
        return BCUE_OK;
    BCUE_TRY(bcue_radar_features_decode(session->radar, data, size, "radar frame", place->features, error));
    if (bcue_radar_is_still(&session->model->features.radar, place->features))
        return BCUE_OK;
    if (other != NULL)
        BCUE_TRY(bcue_radar_features_decode(other->radar, data, size, "radar frame", place->other, error));
    *verdict = BCUE_FRAME_GOOD;
    return BCUE_OK;
}

bcue_status bcue_stream_read(const bcue_session *session, bcue_sensor sensor, const void *data, size_t size,
                             bcue_kept_frame *place, bcue_verdict *verdict, bcue_error *error)
{
    bcue_status status =
        (sensor == BCUE_SENSOR_CAMERA  ? read_picture
         : sensor == BCUE_SENSOR_LIDAR ? read_cloud
                                       : read_radar)(session, data, size, place, verdict, error);
    if (status == BCUE_OK || status == BCUE_ERROR_MEMORY)
        return status;
    *verdict = BCUE_FRAME_UNREADABLE;
    return BCUE_OK;
}
