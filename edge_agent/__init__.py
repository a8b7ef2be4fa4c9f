"""The edge agent: takes pictures from cameras with ffmpeg, keeps them on disk, brings them to S3.

One frame's way through the modules::

    commands   run, check, snapshot
      agent        the threads of one run, its start and its clean stop
        supervisor   one camera: starts ffmpeg, times its pictures, spools them, starts it again
          ffmpeg       argument lists      sources      what kind of source, and what it keeps private
          process      one running ffmpeg  mpjpeg       pictures out of its pipe
          probe        what a source holds
        spool        frames on disk
        uploader     from the spool to S3, oldest first
        status       status.json

Beside them: settings (cameras.toml), redaction, logs, backoff.
"""
