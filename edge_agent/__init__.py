"""The edge agent: takes pictures from cameras with ffmpeg, keeps them on disk, brings them to S3.

One frame's way through the modules::

    commands   run, check, snapshot         monitor      status, for people
      agent        one run, its start and its clean stop      crew     its threads
        supervisor   one camera: spools what the gate lets through, starts it again, follows new settings
          gate         which pictures are worth sending
          captures     one run's pictures with their capture times
            decoding     how much of a stream is decoded   hardware   where
            ffmpeg       argument lists                    masks      as a part of them
            process      one running ffmpeg                mpjpeg     pictures out of its pipe
            folders      folders of pictures               probe      what a source holds
            sources      what kind of source, and what it keeps private
        local        in local mode before the spool: the detector, and what becomes of its reports
        spool        frames on disk
        uploader     from the spool to S3, what is fresh first
        status       the board that all write on, and status.json
        heartbeats   the same, to the cloud each minute
        site         the site document, followed by its ETag
        service      systemd's ear
        sessions     boto3, with credentials of the machine or of a certificate (identity)

For the owner: enrolment and rights (who an agent is, what it may do; enrolment_form, identity_files), install
(the service, the way back).
Beside them: settings (cameras.toml; entries and limits are parts of it), redaction, logs, backoff, machine,
variables, purse (`credentials`).
"""
